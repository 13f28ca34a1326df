"""How test/conformance/driver.ts speaks to a program: a line of JSON comes, a name and what it needs, and a line goes."""

import json
import sys


def answer_all(answer):
    """`answer(name, args)` for each line; ends with the lines."""
    for line in sys.stdin:
        name, args = json.loads(line)
        try:
            told = {"answer": answer(name, args)}
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(told), flush=True)


def answering(asks, open_member, begin_numbers):
    """What `answer_all` wants: `asks` by name, and those about members and numbers, which live from one ask to others."""
    members, numbers = {}, None

    def answer(name, args):
        nonlocal numbers
        if name == "join":
            member = args.pop("member")
            members[member] = open_member(**args)
        elif name == "member":
            return members[args["member"]].told()
        elif name == "leave":
            members[args["member"]].leave()
        elif name == "begin":
            numbers = begin_numbers(**args)
        elif name == "acked":
            return numbers.acked()
        elif name == "end":
            return numbers.end()
        else:
            return asks[name](**args)

    return answer


def text(data):
    return None if data is None else data.decode()


def data(text):
    return None if text is None else text.encode()


def record(offset, timestamp, key, value, headers):
    named = [[name, text(each)] for name, each in headers or []]
    return {"offset": offset, "timestamp": timestamp, "key": text(key), "value": text(value), "headers": named}
