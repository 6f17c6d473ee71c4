"""Runs the AWS CLI of this interpreter for the program aws beside it.

The AWS CLI takes half a second of CPU to start, most of it to import its modules. This server imports them once, and runs
every command in a process of its own that it forks. The socket to listen on is the only argument.
"""

import gc
import os
import socket
import sys
import traceback

import awscli.clidriver
import awscli.handlers  # the CLI imports it when it starts


def receive(connection, size):
    parts = []
    while size:
        part = connection.recv(size)
        if not part:
            os._exit(0)  # the caller is gone
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def run(connection):
    size, streams, _, _ = socket.recv_fds(connection, 4, 3)
    directory, count, *words = receive(connection, int.from_bytes(size, "big")).split(b"\0")
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(directory)
    sys.argv = ["aws", *map(os.fsdecode, words[: int(count)])]
    data = os.environ["AWS_DATA_PATH"]  # as import sets it
    os.environb.clear()
    os.environb.update(word.split(b"=", 1) for word in words[int(count) :])
    os.environ["AWS_DATA_PATH"] = data
    code = 1
    try:
        code = awscli.clidriver.main()  # as the script aws does
    except SystemExit as exit:
        code = exit.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([(code or 0) & 255]))


gc.collect()
gc.freeze()  # a collection in a fork would copy all that is imported: a quarter of its CPU
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
while True:
    connection, _ = listener.accept()
    if os.fork() == 0:
        listener.close()
        try:
            run(connection)
        finally:
            os._exit(1)
    connection.close()
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass  # so that what it took counts as what the test took
    except ChildProcessError:
        pass  # all have ended
