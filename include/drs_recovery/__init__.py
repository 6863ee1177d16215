"""AWS Elastic Disaster Recovery (DRS) recovery plans, run as Apache Airflow DAGs."""

__version__ = "0.2.0"
