"""What an execution is: its models, statuses, transitions and permissions. Without Airflow and AWS."""
