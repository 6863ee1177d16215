"""What people read, made safe and readable in one place for each kind of page. No Airflow, no AWS."""
