"""A plugin of pytest: in a browser, tests of what it lacks are skipped, with the reason."""

import asyncio

import pytest

# What an error says: why there is one
LACKING = {
    "can't start new thread": "no threads",
    "does not support processes": "no processes",
    "out of pty devices": "no terminals",
    "needs a C compiler": "no compiler",
    "needs the package numpy": "no NumPy",
    "needs Node.js": "no process for Node",
}

# Of what is lacking altogether: modes, locks and owners of files, a compiler, large packages, time
FILES = {
    *("test_contributing.py", "test_files.py", "test_fuzz.py", "test_javascript.py", "test_native.py", "test_ops.py"),
    *("test_program.py", "test_site.py", "test_types.py"),  # the stub is written by another Python
}

# Tests of what is not as it is elsewhere, by a part of their names
NOT_HERE = {
    "test_a_chain_of_a_million_nodes": "sys.getallocatedblocks() is 0",
    "test_nesting_has_no_limit": "CPython frees nested lists by recursion, for which the stack is too short",
    "[nested ": "json reads what is nested by recursion, for which the stack is too short",
    "[90,000 opening brackets]": "json reads what is nested by recursion, for which the stack is too short",
    "no_depth_of_nesting": "json reads what is nested by recursion, for which the stack is too short",
    "two_trainings_with_one_file": "no locks on files",
    "keeps_permissions": "files have no modes of their own",
    "interrupt_at_any_instruction": "an interrupt while a graph is freed is dropped",
    "picture[dot]": "no program dot",
    "which_layout_and_why[dot]": "no program dot",
    "test_a_label_is_text[dot-": "no program dot",
    "test_saving_keeps_permissions": "no umask",
    "test_a_file_has_one_writer": "no other process, and no locks",
    "test_of_two_trainings_with_one_file": "no other process, and no locks",
    "test_what_python_cannot_stop_is_ended_from_outside": "no other process",
    "test_a_function_that_hangs_outside_of_python_is_ended": "no other process",
    "test_nothing_is_left_of_a_process": "no other process",
    "test_a_process_that_gets_away_is_not_waited_for": "no other process",
    "test_streams_that_are_closed_do_no_harm": "no other process, whose streams are its own",
    "test_what_an_engine_does_is_said_in_a_sentence[interrupt]": "no other process: an interrupt is of the only one",
    "in_any_style[numbers of NumPy]": "no NumPy",
    "said_in_a_sentence[memory]": "no bound of memory",
    "it_is_said_too[memory]": "no bound of memory",
    "test_going_on_after_an_interrupt_at_any_instruction": "an interrupt while nodes are released is passed over",
}


def pytest_configure():
    def run(main, **options):
        main.close()
        pytest.skip("no asyncio.run")

    asyncio.run = run


def pytest_ignore_collect(collection_path):
    return collection_path.name in FILES or None


def pytest_collection_modifyitems(items):
    for item in items:
        for name, reason in NOT_HERE.items():
            if name in item.nodeid:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except Exception as error:
        for text, reason in LACKING.items():
            if text in str(error):
                pytest.skip(reason)
        raise
