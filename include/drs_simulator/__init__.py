"""A local AWS: moto's server with the DRS backend that moto lacks, and a fleet to recover."""
