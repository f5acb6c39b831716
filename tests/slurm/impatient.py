"""Snakemake as its command line starts it, but it asks for its jobs every second.

The executor waits ten seconds longer after each question that found no job finished; no option shortens that. A
test of many short jobs would be waiting most of the time.
"""

import asyncio

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def sleep(executor: RemoteExecutor) -> None:
    await asyncio.sleep(1)


if __name__ == "__main__":
    RemoteExecutor.sleep = sleep
    main()
