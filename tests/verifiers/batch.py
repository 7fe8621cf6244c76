"""Runs verify.py on many inputs: reads the file named on the command line, writes one outcome a line.

The file, all numbers of 4 bytes, big-endian: the number of policies; for each its length and bytes; then until the
end for each input the number of its policy, its length and bytes.
"""

import sys

from verify import verify


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    at = 0

    def number():
        nonlocal at
        at += 4
        return int.from_bytes(data[at - 4:at], "big")

    def block():
        nonlocal at
        length = number()
        at += length
        return data[at - length:at]

    policies = [block() for _ in range(number())]
    while at < len(data):
        policy = policies[number()]
        print(verify(block(), policy)[0])


main()
