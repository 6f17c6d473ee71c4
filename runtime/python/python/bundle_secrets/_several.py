"""Opens several boxes at once. A document in packed mode has only one, unless its secrets are large."""

import threading

AT_ONCE = 16


def decrypt(client, boxes):
    """Open boxes, at most 16 at a time, and return a list of (box, bytes). The first failure stops the rest."""
    stop = threading.Event()
    opened, failures = {}, []
    waiting = boxes[::-1]
    finished = threading.Semaphore(0)

    def work():
        try:
            while not stop.is_set():
                try:
                    box = waiting.pop()
                except IndexError:
                    return
                opened[box.number] = client.decrypt(box, stop)
        except BaseException as error:
            failures.append(error)
        finally:
            finished.release()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(boxes)))]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            finished.acquire()
            if failures:
                raise failures[0]
    finally:
        stop.set()
    return [(box, opened[box.number]) for box in boxes]
