"""A plan as an Airflow DAG."""
