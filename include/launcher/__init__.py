"""The launcher: PostgreSQL, local AWS and Airflow, started and stopped as one."""
