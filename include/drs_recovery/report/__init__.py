"""What people are shown of an execution, as data: pages, mails and the command line only format it."""
