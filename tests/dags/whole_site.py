"""A DAG over plans, as for a drill of a whole site: it triggers a DRILL of one, and tries a RECOVERY."""

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import dag


@dag(schedule=None, is_paused_upon_creation=False, tags=["tests"])
def whole_site() -> None:
    """Trigger both at once."""
    for name, conf in (
        ("drill", {"reason": "the whole site"}),
        ("recovery", {"execution_type": "RECOVERY", "confirm": "one_wave", "reason": "the whole site"}),
    ):
        TriggerDagRunOperator(
            task_id=name,
            trigger_dag_id="one_wave",
            trigger_run_id=name + "_of_{{ run_id }}",
            conf=conf,
            logical_date=None,
        )


whole_site()
