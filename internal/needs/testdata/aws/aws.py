"""Runs the AWS CLI of this interpreter for the program aws beside it.

The AWS CLI takes half a second of CPU to start, most of it to import its modules. This server imports them once, and runs
every command in a process of its own that it forks. It also reads once what the CLI has in files of its own about services.
The socket to listen on is the only argument.
"""

import gc
import os
import socket
import sys
import traceback

import awscli.clidriver
import awscli.handlers  # the CLI imports it when it starts
import botocore.loaders

SERVICES = ["kms", "lambda", "ssm", "sts"]


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


def remember(method):
    """Is the method of a loader, but asks once about each file that is installed with the CLI, which does not change."""
    installed = tuple(os.path.dirname(module.__file__) + os.sep for module in (awscli, botocore))
    known = {}

    def remembering(self, path):
        if not path.startswith(installed):
            return method(self, path)
        if path not in known:
            known[path] = method(self, path)
        return known[path]

    return remembering


def read_services():
    files = botocore.loaders.JSONFileLoader
    files.exists, files.load_file = remember(files.exists), remember(files.load_file)
    loader = botocore.loaders.create_loader(os.environ["AWS_DATA_PATH"])
    loader.list_available_services("service-2")
    for service in SERVICES:
        version = loader.determine_latest_version(service, "service-2")
        for kind in ["service-2", "endpoint-rule-set-1", "paginators-1"]:
            loader.load_data(f"{service}/{version}/{kind}")
    for name in ["endpoints", "partitions"]:
        loader.load_data(name)


read_services()
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
