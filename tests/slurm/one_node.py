"""A real Slurm of one node, of this machine, for as long as a test lasts.

`with running(folder) as environment:` starts munged, mariadbd, slurmdbd, slurmctld and slurmd in the foreground, with
all files in `folder` and free ports on loopback, and ends them by their process ids.
`python tests/slurm/one_node.py FOLDER` does the same until it is interrupted, for trials by hand.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = (
    "munged",
    "mariadbd",
    "mariadb-install-db",
    "slurmdbd",
    "slurmctld",
    "slurmd",
    "sacctmgr",
    "sbatch",
    "sacct",
)
PACKAGES = "slurmctld slurmd slurm-client slurmdbd munge mariadb-server"
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
PATIENCE = 60  # seconds in which a daemon must answer, and cancelled jobs must be gone

SLURM = """
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,bf_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={dbd}
AccountingStoragePass={folder}/munge.socket
AccountingStorageEnforce=associations
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=64000 Gres=gpu:imagined:1
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE
PartitionName=gpu Nodes={host} MaxTime=INFINITE
"""
GRES = "Name=gpu Type=imagined File={folder}/gpu.device\n"  # not a GPU, but enough to see what jobs ask for
DATABASE = """
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={dbd}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={sql}
StorageUser=slurm
StoragePass=loopback
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
"""
GRANT = "CREATE DATABASE slurm_acct_db; GRANT ALL ON slurm_acct_db.* TO slurm@'%' IDENTIFIED BY 'loopback';"


def obstacle() -> str:
    """Why no Slurm can be started here, in words; empty where it can."""
    if os.geteuid() != 0:
        return "a one-node Slurm is started as root only"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
    return f"no {', '.join(missing)}; apt-get install --no-install-recommends {PACKAGES}" if missing else ""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait(label: str, ready: Callable[[], bool], process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{label} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)


@contextmanager
def _daemon(
    folder: Path, command: Sequence[str], environment: dict[str, str], ready: Callable[[], bool]
) -> Iterator[None]:
    """Run a program in the foreground until the block ends; the block starts when it answers."""
    log = folder / f"{command[0]}.out"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(command[0], ready, process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def wait_until_idle(environment: dict[str, str]) -> None:
    """Wait until no job is left: one that was told to stop may have a state to save."""
    end = time.monotonic() + PATIENCE
    while subprocess.run(["squeue", "--noheader"], env=environment, check=True, capture_output=True).stdout:
        if time.monotonic() > end:
            raise RuntimeError("jobs are left in the queue")
        time.sleep(0.5)


def cancel_all(environment: dict[str, str]) -> None:
    """Cancel every job, and wait until none is left."""
    subprocess.run(["scancel", "--user=root"], env=environment, check=True)
    wait_until_idle(environment)


@contextmanager
def running(folder: Path, cores: int = 2) -> Iterator[dict[str, str]]:
    """A Slurm with partitions `cpu` and `gpu` and an account `research`; yields the environment to use it in."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    host = socket.gethostname().partition(".")[0]
    ctld, node, dbd, sql = _free_ports(4)
    facts = {"folder": folder, "host": host, "ctld": ctld, "node": node, "dbd": dbd, "sql": sql, "cores": cores}
    for name, text in {"slurm.conf": SLURM, "gres.conf": GRES, "slurmdbd.conf": DATABASE}.items():
        (folder / name).write_text(text.format_map(facts))
    (folder / "slurmdbd.conf").chmod(0o600)
    (folder / "gpu.device").touch()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    srun = (
        folder / "bin" / "srun"
    )  # in a job the executor calls it without SLURM_CONF, as if the place were the usual one
    srun.parent.mkdir(exist_ok=True)
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun", path=PATH)} "$@"\n')
    srun.chmod(0o755)
    environment = {**os.environ, "PATH": f"{srun.parent}:{PATH}", "SLURM_CONF": str(folder / "slurm.conf")}

    def succeeds(*command: str) -> bool:
        return subprocess.run(command, env=environment, capture_output=True, timeout=PATIENCE).returncode == 0

    files = (
        ("key-file", "munge.key"),
        ("socket", "munge.socket"),
        ("pid-file", "munge.pid"),
        ("seed-file", "munge.seed"),
    )
    munged = ["munged", "--foreground", "--force", *(f"--{option}={folder / name}" for option, name in files)]
    tables = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={folder}/sql", "--skip-test-db"]
    mariadbd = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={folder}/sql", f"--port={sql}"]
    mariadbd += ["--bind-address=127.0.0.1", f"--socket={folder}/sql.socket", f"--pid-file={folder}/sql.pid"]
    accounting = ("add", "account", "research", "cluster=local"), ("add", "user", "root", "account=research")
    with ExitStack() as stack:

        def start(command: list[str], ready: Callable[[], bool]) -> None:
            stack.enter_context(_daemon(folder, command, environment, ready))

        start(munged, (folder / "munge.socket").exists)
        subprocess.run(tables, env=environment, check=True, capture_output=True)
        start(mariadbd, lambda: _listens(sql))
        client = ["mariadb", "--no-defaults", "--user=root", f"--socket={folder}/sql.socket"]
        subprocess.run([*client, "--execute", GRANT], env=environment, check=True)
        start(["slurmdbd", "-D"], lambda: _listens(dbd))
        if not succeeds("sacctmgr", "-i", "add", "cluster", "local"):
            raise RuntimeError("sacctmgr cannot add a cluster")
        if not all(succeeds("sacctmgr", "-i", *words) for words in accounting):
            raise RuntimeError("sacctmgr cannot add an account")
        start(["slurmctld", "-D"], lambda: succeeds("scontrol", "ping"))
        start(["slurmd", "-D"], lambda: succeeds("srun", "--immediate=5", "--account=research", "true"))
        stack.callback(cancel_all, environment)
        yield environment


if __name__ == "__main__":
    if reason := obstacle():
        sys.exit(f"error: {reason}")
    with running(Path(sys.argv[1]).resolve()) as values:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        print(f"export SLURM_CONF={values['SLURM_CONF']}  # until this program is interrupted", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
