"""Files are written whole or not at all, whoever writes them: parameters, pictures, steps. Errors name the file asked for."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest
from interrupts import everywhere
from waiting import PATIENCE

from autograd_lite import Value, draw, steps
from autograd_lite.files import write_whole
from nn import MLP
from nn.files import only_writer

unlike_posix = os.name != "posix" or sys.platform == "emscripten"
posix = pytest.mark.skipif(unlike_posix, reason="permissions, links, FIFOs and limits of POSIX")
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone may do it")

SAVES = {
    "x.json": lambda path: MLP([1, 1], rng=0).save(path),
    "x.svg": lambda path: draw(Value(1.0) * 2, dot=False).save(path),
    "x.dot": lambda path: draw(Value(1.0) * 2, dot=False).save(path),
    "x.html": lambda path: steps(Value(1.0) * 2).save(path),
    "x.txt": lambda path: steps(Value(1.0) * 2).save(path),
}


@pytest.fixture(params=SAVES)
def name(request):
    return request.param


@pytest.fixture
def save(name):
    return SAVES[name]


@pytest.fixture
def path(name, tmp_path):
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder" / name


@pytest.fixture
def expected(save, name, tmp_path):
    """What is written, from a file elsewhere."""
    save(tmp_path / name)
    return (tmp_path / name).read_bytes()


def received(fifo, write):
    """What comes out of a FIFO while `write` writes."""
    found = []
    reader = threading.Thread(target=lambda: found.append(fifo.read_bytes()))
    reader.start()
    write()
    reader.join(PATIENCE)
    return found[0]


def test_a_file_is_made_and_replaced(save, path, expected):
    save(path)
    assert path.read_bytes() == expected
    path.write_bytes(b"old, and longer than the new" * 10_000)
    save(str(path))
    assert path.read_bytes() == expected and os.listdir(path.parent) == [path.name]


@posix
def test_a_fifo_is_written_into(save, path, expected):
    os.mkfifo(path)
    assert received(path, lambda: save(path)) == expected
    assert stat.S_ISFIFO(path.stat().st_mode) and os.listdir(path.parent) == [path.name]


@posix
@as_root
@pytest.mark.parametrize("device", [3, 7], ids=["null", "full"])
def test_a_device_is_written_into(device, save, path):
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, device))
        path.open("wb").close()
    except OSError as error:
        pytest.skip(f"no devices here: {error}")
    if device == 7:
        with pytest.raises(OSError, match=rf"No space left on device \(free some space.*{path.name}"):
            save(path)
    else:
        save(path)
    assert stat.S_ISCHR(path.stat().st_mode) and os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout")
def test_the_standard_output_may_be_a_pipe(tmp_path):
    code = "from autograd_lite.files import write_whole; write_whole('/dev/stdout', b'through the pipe')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"through the pipe"


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_another_file_system_is_followed(there, save, path, expected):
    if not os.path.isdir("/dev/shm") or os.stat("/dev/shm").st_dev == path.parent.stat().st_dev:
        pytest.skip("no other file system at hand")
    target = f"/dev/shm/{path.parent.parent.name}-{path.name}"
    path.symlink_to(target)
    try:
        if there:
            with open(target, "w") as file:
                file.write("old")
        save(path)
        assert path.is_symlink() and path.read_bytes() == expected
    finally:
        os.unlink(target)


@posix
@pytest.mark.parametrize("mask, mode", [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_that_the_umask_leaves_and_the_umask_is_left_alone(mask, mode, save, path, monkeypatch):
    before = os.umask(mask)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", None)  # another thread's files would have no mask meanwhile
            save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
@as_root
def test_a_file_of_another_user_stays_theirs(save, path, expected):
    path.write_text("old")
    os.chown(path, 12345, 54321)
    path.chmod(0o620)
    save(path)
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 54321, 0o620)
    assert path.read_bytes() == expected


@posix
def test_what_is_unfinished_is_not_more_readable_than_the_file(path, monkeypatch):
    path.write_text("old")
    path.chmod(0o600)
    modes, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (modes.append(stat.S_IMODE(os.fstat(handle).st_mode)), fsync(handle)))
    write_whole(path, b"private")
    assert modes == [0o600]


@posix
def test_a_folder_that_gives_files_to_its_group_gives_new_ones(save, path):
    """The owner is left to the system for a new file."""
    if os.geteuid() == 0:
        os.chown(path.parent, -1, 54321)
    path.parent.chmod(0o2777)
    save(path)
    assert path.stat().st_gid == path.parent.stat().st_gid


PLACES = {
    "missing folder": (lambda path: path.parent / "none" / path.name, errno.ENOENT, "make its folder first"),
    "folder": (lambda path: path.mkdir() or path, errno.EISDIR, "name a file in it"),
    "in a file": (lambda path: (path.write_text("old"), path / path.name)[1], errno.ENOTDIR, "name another file"),
    "a name that is too long": (lambda path: path.with_name("x" * 300 + path.suffix), errno.ENAMETOOLONG, "name another file"),
    "a link to itself": (lambda path: path.symlink_to(path) or path, errno.ELOOP, "name another file"),
    "a link to nowhere": (lambda path: path.symlink_to("none/x") or path, errno.ENOENT, "make its folder first"),
}


@posix
@pytest.mark.parametrize("place", PLACES)
def test_an_error_names_the_file_and_says_what_to_do(place, save, path):
    make, number, advice = PLACES[place]
    asked = make(path)
    before = sorted(os.listdir(path.parent))
    with pytest.raises(OSError) as caught:
        save(asked)
    assert (caught.value.errno, caught.value.filename) == (number, str(asked)) and advice in caught.value.strerror
    assert "unfinished" not in str(caught.value) and sorted(os.listdir(path.parent)) == before


@pytest.mark.parametrize("place", ["", "none/", "folder/"])
def test_a_path_that_names_no_file_is_an_error(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_whole(place, b"text")
    assert os.listdir(tmp_path) == ["folder"] and not os.listdir(tmp_path / "folder")


@posix
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_may_not_be_written_is_not_replaced(what, save, path):
    path.write_text("old")
    (path if what == "file" else path.parent).chmod(0o500)
    if os.access(path if what == "file" else path.parent, os.W_OK):
        pytest.skip("this user may write anything")
    with pytest.raises(PermissionError, match="name a place that may be written to"):
        save(path)
    assert path.read_text() == "old" and os.listdir(path.parent) == [path.name]


@posix
@as_root
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_another_user_may_not_write_is_not_replaced(what, tmp_path):
    """The same as another user, for root may write anything."""
    path = tmp_path / "x"
    path.write_text("old")
    os.chown(path, 12345, 12345)
    os.chown(tmp_path, 12345, 12345)
    (path if what == "file" else path.parent).chmod(0o500)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.chdir(tmp_path)
            os.setgid(12345)
            os.setuid(12345)
            write_whole("x", b"new")
        except PermissionError as error:
            status = 0 if error.filename == "x" else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["x"]


@posix
def test_a_device_that_fills_up_leaves_the_old_file(save, path):
    import resource

    path.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # as if there were room for so many bytes
    try:
        with pytest.raises(OSError) as caught:
            save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert path.read_text() == "old" and os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("function", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_an_interrupt_is_passed_on_and_leaves_a_whole_file(function, done, save, path, expected, monkeypatch):
    path.write_text("old")
    original = getattr(os, function)

    def interrupted(*arguments):
        if done:
            original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, function, interrupted)
        save(path)
    assert path.read_bytes() == (expected if done and function == "replace" else b"old")
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a file that the interrupt leaves to be closed
def test_an_interrupt_at_any_instruction_leaves_a_whole_file(tmp_path):
    path, old, new = tmp_path / "x", b"old" * 100, b"new" * 200
    found = []
    for _ in everywhere(lambda: path.write_bytes(old), lambda _: write_whole(path, new), ["files.py"]):
        found.append(path.read_bytes())
        unfinished = [name for name in os.listdir(tmp_path) if name != "x"]
        assert len(unfinished) <= 1  # where it came while that was removed
        for name in unfinished:
            os.unlink(tmp_path / name)
    assert len(found) > 100 and found == sorted(found, reverse=True) and set(found) == {old, new}


# Reading -------------------------------------------------------------------------------------------------------------


@posix
def test_a_fifo_is_refused_at_once(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(ValueError, match=f"{path.name} is not a regular file"):
            MLP([1, 1], rng=0).load(path)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device")
def test_a_device_is_refused_unread():
    with pytest.raises(ValueError, match="/dev/zero is not a regular file"):
        MLP([1, 1], rng=0).load("/dev/zero")


# One training for a file ---------------------------------------------------------------------------------------------


def test_a_file_has_one_writer_at_a_time(tmp_path):
    path, other = tmp_path / "x.json", tmp_path / "y.json"
    with only_writer(path), only_writer(other), pytest.raises(BlockingIOError) as caught, only_writer(path):
        pass
    assert "another training is saved to this file" in caught.value.strerror and caught.value.filename == str(path)
    with only_writer(path):
        pass
    assert os.listdir(tmp_path) == []


@posix
def test_two_names_of_a_file_are_one(tmp_path):
    (tmp_path / "link").symlink_to("x.json")
    with only_writer(tmp_path / "x.json"), pytest.raises(BlockingIOError), only_writer(tmp_path / "link"):
        pass


@posix
def test_a_writer_that_is_killed_holds_nothing(tmp_path):
    code = (
        "import sys, time\nfrom nn.files import only_writer\n"
        "with only_writer(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "x")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), only_writer(tmp_path / "x"):
            pass
    finally:
        process.kill()
        process.communicate()
    assert os.listdir(tmp_path) == [".x.lock"]
    with only_writer(tmp_path / "x"):
        pass
    assert os.listdir(tmp_path) == []


@posix
def test_a_lock_that_was_just_removed_is_no_lock(tmp_path, monkeypatch):
    """Its holder ends between the opening and the locking of the file: whoever comes next makes another."""
    import fcntl

    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", lambda *arguments: (flock(*arguments), (tmp_path / ".x.lock").unlink()))
    with pytest.raises(BlockingIOError), only_writer(tmp_path / "x"):
        pass


def test_a_place_where_nothing_can_be_written_is_an_error_at_once(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"make its folder first.*none/x\.json"), only_writer(tmp_path / "none/x.json"):
        pass
