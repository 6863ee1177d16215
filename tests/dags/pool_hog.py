"""Other work: a DAG that takes every slot of Airflow's default pool."""

import time

from airflow.sdk import dag, task


@dag(schedule=None, is_paused_upon_creation=False, tags=["tests"])
def pool_hog() -> None:
    """Hold the whole default pool."""

    @task(pool_slots=128)
    def hog() -> None:
        time.sleep(300)

    hog()


pool_hog()
