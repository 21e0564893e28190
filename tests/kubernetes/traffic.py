"""Asks a deployment over and over until told to stop, and writes down how every request went.

Runs inside a pod's network namespace:  python traffic.py URL KEY_FILE MODEL OUT [CALLERS]
One JSON line per request: began, question, took_s, status, record, completion_record, text, error.
A connection for each request, as a Service's clients should behave while endpoints change.
"""

import http.client
import json
import signal
import sys
import threading
import time
import urllib.parse

STOP = threading.Event()
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60


def main() -> None:
    url, key_file, model, out = sys.argv[1:5]
    callers = int(sys.argv[5]) if len(sys.argv) > 5 else 2
    key = open(key_file).read().strip()
    signal.signal(signal.SIGTERM, lambda *_: STOP.set())
    lock = threading.Lock()
    with open(out, "w") as file:
        def caller(number: int) -> None:
            while not STOP.is_set():
                line = json.dumps(ask(url, key, model, number))
                with lock:
                    file.write(line + "\n")
                    file.flush()

        threads = [threading.Thread(target=caller, args=(number,)) for number in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def ask(url: str, key: str, model: str, number: int) -> dict:
    began = time.time()
    result = {"began": began, "question": number, "status": 0}
    body = {
        "model": model, "max_tokens": 8, "temperature": 0, "seed": 1,
        "messages": [{"role": "user", "content": f"Count from {number} upwards."}],
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Connection": "close"}
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=CONNECT_TIMEOUT_S)
    try:
        # An endpoint that has just gone may still be in the Service's list: nobody waits a minute for its handshake.
        connection.connect()
        connection.sock.settimeout(ANSWER_TIMEOUT_S)
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        result["status"], result["record"] = answer.status, answer.getheader("x-cloister-record")
        content = json.loads(answer.read())
        if answer.status == 200:
            result["text"] = content["choices"][0]["message"]["content"]
            result["completion_record"] = content["cloister"]["completion_record"]
        else:
            result["error"] = content
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        result["error"] = repr(error)
    finally:
        connection.close()
    result["took_s"] = round(time.time() - began, 3)
    if result["status"] != 200:
        time.sleep(0.2)  # a caller that is refused does not hammer
    return result


if __name__ == "__main__":
    main()
