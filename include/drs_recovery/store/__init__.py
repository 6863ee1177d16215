"""Execution records in DynamoDB: requests, the programs that write them, and what runs both."""
