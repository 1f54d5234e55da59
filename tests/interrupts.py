"""Interrupts (Ctrl-C) at every instruction, one after the other."""

import itertools
import sys


def interrupted(run, k, files):
    """Calls `run` with an interrupt at the k-th instruction in these files; says whether it came so far and was passed on."""
    left = k
    names = tuple(files)

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.endswith(names):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    assert left >= 0, "the interrupt was swallowed"
    return False


def everywhere(prepare, run, files, stride=1):
    """Prepares and interrupts a run at every so many of its instructions, and yields after each what `prepare` returned."""
    for k in itertools.count(0, stride):
        thing = prepare()
        done = not interrupted(lambda: run(thing), k, files)  # noqa: B023
        yield thing
        if done:
            return
