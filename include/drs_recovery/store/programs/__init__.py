"""The writers of an execution record, one module each, named as its task; nobody else writes.

=====================  =====================================================================================
module                 what it may write
=====================  =====================================================================================
``open_execution``     the record, its account, its servers and how many each wave needs, once; the lock;
                       ``failure``; what the checks found: ``lag``, ``warnings``; ``supersededBy`` of a drill
                       it takes the plan from; a new ``version``, and nothing else, of a final execution it
                       takes the plan from
``approve``            its wave: PAUSED and since when, the approvals, CANCELLED
``start_recovery``     its wave: intents, STARTED, job ids, FAILED; its servers: job, or why none
``wait_for_recovery``  its wave: POLLING, CHECKING, the final statuses; its servers; ``lastPolledTime``
``complete_execution`` the final status, ``endTime``, ``outcome``, ``taskFailure``, ``taskSkips``,
                       ``taskNotes``; waves left open, and the jobs of their open intents; releases
                       the lock; orders the clean-up of a drill with its end
``clean_up``           ``cleanup`` and ``cleanupDue`` of a drill that is final, and nothing else
``put_back``           nothing of the record: its own item ``PUT_BACK``, and ``LAUNCH#…`` of the servers
``cancel``             ``cancelAsked``
``archive``            ``archived`` of what ended long ago, and ``expires`` of all its other items
``reconcile``          ``planGoneSince``; it ends executions as ``complete_execution`` does
=====================  =====================================================================================

A new attempt of a wave is written by its ``approve`` or ``start_recovery``, whichever runs first after a
clear, in one place, ``drs_recovery.store.open_attempt``: it opens the execution again, with the waves that
never ran, after it has taken the lock and written what the ended jobs show of the wave's servers.

An action of the plan writes its own item too, under its revision, and nothing of the record; but where a
person let it run again, or be, after the end, it opens the execution again: `open_again`, beside attempts.

A task of another operator has no writer: it writes its own item, ``drs_recovery.store.tasks``, and nothing of
the record. A task of ours that fails without ending its wave writes such an item too. ``complete_execution``
writes what they failed. Nothing reads the trail to decide, but of executions that
0.1 opened.

What ended long ago is archived as it is; then its record alone stays, which nobody may write any more.

The items of an execution, by range key; those of a plan's lock lie under ``PLAN#<dag id>``:

===================================  =======================================================================
item                                 what it holds
===================================  =======================================================================
``EXECUTION``                        the record: all waves, their current attempts, how it stands and ended
``PLAN``                             plan and servers as frozen, or the names of the items that hold them
``SERVER#<wave>#<id>``               a server and what became of it
``TASK#<wave>#<name>``               a task, as its last try left it; of ours one that failed
``LAUNCH#<wave>#<id>``               the launch settings of a server, before they were changed and as wanted
``PUT_BACK``                         that those of a drill are to be put back, and how far that is
``EVENT#<time>#<uuid>``              the audit trail
``APPROVAL#<wave>#<attempt>#<user>`` an approval of a gate that needs more than one
``INTENT#<wave>#<attempt>#<batch>…`` an intent of an attempt that has finished, with what became of it
``IDS#<digest>#<part>``              a list of servers or instances that the record only counts
``TEXT#<name>``                      the whole of a text that stands shortened in the record
``LONG#<digest>#<part>``             a plan, or its servers, too large for ``PLAN``
===================================  =======================================================================

The last three are named by what they hold, and put before what refers to them. ``drs_recovery.store.fitting``
keeps a record within what one item has room for.

``drs_recovery.record.transitions`` holds the same as data, and every change is checked against it.
"""
