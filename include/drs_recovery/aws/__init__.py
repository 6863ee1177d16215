"""AWS Elastic Disaster Recovery (DRS) for Airflow, in the Amazon provider's own shape."""
