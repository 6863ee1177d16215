"""What an execution is: its models, statuses, transitions and permissions. Pure: neither Airflow nor AWS."""
