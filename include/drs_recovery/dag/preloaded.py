"""What a worker of Celery imports before it forks: it is no component of Airflow, and calls no listener."""

from drs_recovery.dag.preload import prepare

prepare()
