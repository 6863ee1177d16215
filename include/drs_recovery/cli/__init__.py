"""The command line, ``recovery``: it asks Airflow to run plans, and reads the record.

Nothing here imports Airflow, and each command imports only what it needs: what people reach for during an
outage starts at once.
"""
