#!/usr/bin/env python3
"""Trains on several ranks with every MPI of this machine, and compares all bytes with those of one process.

    scripts/mpi-test.py                       every MPI that is here, 2 and 4 ranks
    scripts/mpi-test.py --only lora full      some of the recipes
    scripts/mpi-test.py --refusals            only faults and wrong launchers
    scripts/mpi-test.py --interruptions       only killed ranks, signals and a full disk; --kills 50: as many ranks

Builds libtune-mpi.so for each MPI into a temporary folder; installs nothing. Needs the quick start's data (make quickstart),
a release build, and Open MPI or MPICH with its compiler (Debian: libopenmpi-dev, libmpich-dev). Exits with 1 at the first
difference and leaves the folder for inspection; with 0 and a sentence if there is no MPI.
"""
import argparse, json, os, random, shutil, signal, subprocess, sys, tempfile, time

from mpi_runs import ROOT, available, ranks_of, recipes, write
from run_files import run_files


def fail(sentence):
    sys.exit("mpi-test: " + sentence)


def expect(condition, sentence):
    if not condition:
        fail(sentence)


def single(options, folder, recipe, threads=1):
    os.makedirs(folder, exist_ok=True)
    result = subprocess.run([options.program, "run", recipe, "--threads", str(threads)], cwd=folder, capture_output=True, text=True)
    expect(result.returncode == 0, f"{folder}: status {result.returncode}\n{result.stderr}")
    return run_files(folder, {"ranks"})


def compare(folder, found, expected):
    names = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    expect(not names, f"{folder}: other bytes than one process has in {', '.join(names)}")


def equal_bytes(options, base, mpis):
    for name, recipe in recipes(base).items():
        path = f"{base}/{name}.json"
        write(path, json.dumps(recipe))
        if name == "lora":
            single(options, f"{base}/teacher", path)
        if options.only and name not in options.only:
            continue
        expected = single(options, f"{base}/{name}-1x1", path)
        compare(f"{base}/{name}-1x2", single(options, f"{base}/{name}-1x2", path, threads=2), expected)
        times = []
        for mpi in mpis:
            for ranks in (2, 4):
                folder, begin = f"{base}/{name}-{mpi.name}-{ranks}", time.monotonic()
                code, _, messages = mpi.run(folder, ranks, path, program=options.program)
                expect(code == 0, f"{folder}: status {code}\n{messages}")
                compare(folder, run_files(folder, {"ranks"}), expected)
                times.append(f"{mpi.name} {ranks}: {time.monotonic() - begin:.1f} s")
        print(f"{name}: {len(expected)} files, the same bytes with 1 and 2 threads and on 2 and 4 ranks ({', '.join(times)})", flush=True)


def wait_for(process, condition, what):
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if condition():
            return
        time.sleep(0.02)
    fail(f"{what}\n{process.communicate()[1]}")


def snapshots(folder):
    names = os.listdir(f"{folder}/run/snapshots") if os.path.isdir(f"{folder}/run/snapshots") else []
    return [name for name in names if name.startswith("step-") and name.endswith(".safetensors")]


def seconds_until_gone(process, ranks, begin, what):
    """Waits for the launcher and the ranks, which must end within 10 s."""
    try:
        messages = process.communicate(timeout=10)[1]
    except subprocess.TimeoutExpired:
        fail(f"{what}: the launcher is alive after 10 s")
    while any(os.path.exists(f"/proc/{rank}") for rank in ranks):
        expect(time.monotonic() - begin < 10, f"{what}: ranks are alive after 10 s")
        time.sleep(0.05)
    return time.monotonic() - begin, messages


def resume(options, mpi, folder, ranks, path):
    """Resumes on so many ranks, or in one process of two threads."""
    if ranks > 1:
        code, _, messages = mpi.run(folder, ranks, path, "--resume", program=options.program)
    else:
        command = [options.program, "run", path, "--resume", "--threads", "2"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        code, messages = result.returncode, result.stderr
    expect(code == 0, f"{folder}: --resume: status {code}\n{messages}")
    return messages


def long_run(options, base, name, **changes):
    """The path of a recipe of 60 steps, and the files of its run in one process."""
    recipe = recipes(base)["lora"]
    recipe["training"] |= {"max_steps": 60} | changes
    if "on_sigusr1" in changes:
        # No dev split: there are no snapshots but those of signals.
        del recipe["data"]["dev"]
        for key in ("eval_steps", "early_stopping_patience", "save_steps"):
            del recipe["training"][key]
    write(f"{base}/{name}.json", json.dumps(recipe))
    return f"{base}/{name}.json", single(options, f"{base}/{name}", f"{base}/{name}.json")


def killed_ranks(options, base, mpis):
    """Kills a random rank at random moments until a run has been killed so often; every run that ends has the same bytes."""
    path, expected = long_run(options, base, "killed")
    for mpi in mpis:
        rng, slowest, ended, folder = random.Random(7), 0, 0, f"{base}/{mpi.name}-killed"
        for kill in range(options.kills):
            while True:
                process = mpi.start(folder, rng.choice([2, 2, 3, 4]), path, "--resume", program=options.program)
                end = time.monotonic() + rng.uniform(0, 8)
                while process.poll() is None and (time.monotonic() < end or not ranks_of(process, options.program)):
                    time.sleep(0.02)
                ranks = ranks_of(process, options.program)
                if process.poll() is None and ranks:
                    break
                messages = process.communicate()[1]
                expect(process.returncode == 0, f"{folder}: status {process.returncode}\n{messages}")
                compare(folder, run_files(folder, {"ranks"}), expected)
                shutil.rmtree(folder)
                ended += 1
            begin = time.monotonic()
            os.kill(rng.choice(ranks), signal.SIGKILL)
            slowest = max(slowest, seconds_until_gone(process, ranks, begin, f"{folder}: kill {kill + 1}")[0])
        resume(options, mpi, folder, 2, path)
        compare(folder, run_files(folder, {"ranks"}), expected)
        print(f"{mpi.name}: {options.kills} times SIGKILL to a rank of 2 to 4: all ranks ended within {slowest:.1f} s; "
              f"{ended + 1} runs ended, with the same bytes", flush=True)


def signals(options, base, mpis):
    runs = {action: long_run(options, base, f"signaled-{action}", save_minutes=None, on_sigusr1=action)
            for action in ("stop", "save")}
    for mpi in mpis:
        for name, action, resumed in [("TERM", "stop", 4), ("INT", "stop", 2), ("USR1", "stop", 1), ("USR1", "save", 0)]:
            folder, (path, expected) = f"{base}/{mpi.name}-{name}-{action}", runs[action]
            process = mpi.start(folder, 2, path, program=options.program)
            wait_for(process, lambda: os.path.exists(f"{folder}/run/metrics.jsonl"), f"{folder}: no step")
            ranks, begin = ranks_of(process, options.program), time.monotonic()
            expect(len(ranks) == 2, f"{folder}: {len(ranks)} ranks are running")
            process.send_signal(getattr(signal, f"SIG{name}"))
            what = f"{mpi.name}: SIG{name}" + (f", {action}" if name == "USR1" else "")
            if action == "save":
                wait_for(process, lambda: snapshots(folder), f"{folder}: no snapshot")
                messages = process.communicate(timeout=300)[1]
                expect(process.returncode == 0, f"{folder}: status {process.returncode}\n{messages}")
                compare(folder, run_files(folder, {"ranks"}), expected)
                print(f"{what}: a snapshot, and the run continued to the same bytes", flush=True)
                continue
            seconds, messages = seconds_until_gone(process, ranks, begin, f"{folder}: SIG{name}")
            # Open MPI kills the ranks one second after SIGTERM, and sends that for SIGINT.
            is_saved = bool(snapshots(folder))
            expect(is_saved or (mpi.name == "openmpi" and name != "USR1"), f"{folder}: no snapshot\n{messages}")
            status = process.returncode
            expect(("resuming after step" in resume(options, mpi, folder, resumed, path)) == is_saved, f"{folder}: another step")
            compare(folder, run_files(folder, {"ranks"}), expected)
            print(f"{what}: all ranks ended after {seconds:.1f} s, status {status}, {'with' if is_saved else 'without'} a snapshot; "
                  f"resumed on {resumed}: the same bytes", flush=True)


def full_disk(options, base, mpis):
    path, expected = long_run(options, base, "full-disk")
    for mpi in mpis:
        disk = f"{base}/{mpi.name}-disk"
        os.makedirs(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], capture_output=True).returncode != 0:
            return print("a full disk: skipped, because a small disk cannot be mounted", flush=True)
        try:
            process = mpi.start(disk, 2, path, program=options.program)
            wait_for(process, lambda: snapshots(disk), f"{disk}: no snapshot")
            ranks, begin = ranks_of(process, options.program), time.monotonic()
            subprocess.run(["dd", "if=/dev/zero", f"of={disk}/filler", "bs=64k"], capture_output=True)
            seconds, messages = seconds_until_gone(process, ranks, begin, f"{disk}: a full disk")
            expect(process.returncode != 0 and "No space left on device" in messages and "--resume" in messages,
                   f"{disk}: status {process.returncode}\n{messages}")
            os.remove(f"{disk}/filler")
            expect("resuming after step" in resume(options, mpi, disk, 2, path), f"{disk}: another step")
            compare(disk, run_files(disk, {"ranks"}), expected)
            print(f"{mpi.name}: a full disk: all ranks ended after {seconds:.1f} s with what to do; resumed: the same bytes", flush=True)
        finally:
            subprocess.run(["umount", disk], check=True)


def refusals(options, base, mpis):
    path = f"{base}/lora.json"
    write(path, json.dumps(recipes(base)["lora"]))
    for mpi in mpis:
        # A fault of the recipe is reported once.
        code, _, messages = mpi.run(f"{base}/{mpi.name}-fault", 2, path, "model.path=nowhere", program=options.program)
        expect(code != 0 and messages.count("nowhere") >= 1 and "rank 1:" not in messages, f"{mpi.name}: a fault: {code}\n{messages}")
        code, _, messages = mpi.run(f"{base}/{mpi.name}-many", 4, path, "training.batch_size=4", program=options.program)
        expect(code != 0 and messages.count("4 ranks, but no step has work for more than 1") == 1,
               f"{mpi.name}: too many ranks: {code}\n{messages}")
        for added, sentence in [("method.rank=3", "method.rank: rank 0 has 8, rank 1 has 3"), ("--resume", "--resume: rank 0 has it not, rank 1 has it")]:
            other = f"{base}/rank-1-{added.strip('-').split('=')[0]}"
            write(other, f'#!/bin/sh\n[ "${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}" = 0 ] || set -- "$@" {added}\nexec {options.program} "$@"\n')
            os.chmod(other, 0o755)
            code, _, messages = mpi.run(f"{base}/{mpi.name}-{os.path.basename(other)}", 2, path, program=other)
            expect(code != 0 and messages.count(sentence) == 1, f"{mpi.name}: {added} on one rank: {code}\n{messages}")
        code, _, messages = mpi.run(f"{base}/{mpi.name}-none", 2, path, program=options.program, library=f"{base}/missing.so")
        expect(code != 0 and "make mpi" in messages, f"{mpi.name}: no library: {code}\n{messages}")
        for other in mpis:
            if other is not mpi:
                code, _, messages = mpi.run(f"{base}/{mpi.name}-wrong", 2, path, program=options.program, library=other.library)
                expect(code != 0 and "The launcher belongs to another MPI" in messages, f"{mpi.name}: wrong launcher: {code}\n{messages}")
        print(f"{mpi.name}: a fault, too many ranks, another recipe, no library and the other MPI's library are refused with what to do", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=f"{ROOT}/.build/release/tune")
    parser.add_argument("--only", nargs="*", default=[], help="some of the recipes")
    parser.add_argument("--refusals", action="store_true", help="only what is refused")
    parser.add_argument("--interruptions", action="store_true", help="only what ends a run")
    parser.add_argument("--kills", type=int, default=10, help="ranks to kill with each MPI")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    base = tempfile.mkdtemp(prefix="tune-mpi-")
    mpis = available(base)
    if not mpis:
        shutil.rmtree(base)
        return print("mpi-test: skipped, because there is no MPI (Debian: apt-get install openmpi-bin libopenmpi-dev)")
    is_whole = not (options.only or options.refusals or options.interruptions)
    if options.only or is_whole:
        equal_bytes(options, base, mpis)
    if options.interruptions or is_whole:
        killed_ranks(options, base, mpis)
        signals(options, base, mpis)
        full_disk(options, base, mpis)
    if options.refusals or is_whole:
        refusals(options, base, mpis)
    shutil.rmtree(base)


main()
