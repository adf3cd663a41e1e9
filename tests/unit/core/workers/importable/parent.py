"""A plain script, without a `__main__` guard, that runs a job in a worker and prints the worker's pid.

`python parent.py THREAD JOB`: THREAD says what then ends, `stays` (the test kills us) or `ends` (our loop's thread).
"""

import asyncio
import sys
import threading

import worker_jobs

from vibe_jupyter.core.workers.pool import WorkerPool


async def run():
    begun = asyncio.Event()

    def tell(fraction, message, data):
        print(data["pid"], flush=True)
        begun.set()

    job = asyncio.create_task(WorkerPool(1).run(getattr(worker_jobs, sys.argv[2]), report=tell))
    await begun.wait()
    if sys.argv[1] == "stays":
        await job


def run_and_never_clean_up():
    loop = asyncio.new_event_loop()
    loops.append(loop)
    loop.run_until_complete(run())


loops = []
threading.Thread(target=run_and_never_clean_up).start()
sys.stdin.read()
