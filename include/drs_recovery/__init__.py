"""AWS Elastic Disaster Recovery (DRS) recovery plans, run as Apache Airflow DAGs."""
