"""objects.py COUNT - classes, dictionaries, generators, strings, closures, large numbers"""
import sys


class Account:
    def __init__(self, name, amount):
        self.name, self.amount, self.log = name, amount, []

    def move(self, other, amount):
        if amount > self.amount:
            raise ValueError(self.name)
        self.amount -= amount
        other.amount += amount
        self.log.append((other.name, amount))


def numbers(count, state=12345):
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7fffffff
        yield state >> 8


def bank(count):
    accounts = [Account(f'name{i}', 1000) for i in range(50)]
    failed = 0
    for n in numbers(count):
        try:
            accounts[n % 50].move(accounts[n // 50 % 50], n // 2500 % 200)
        except ValueError:
            failed += 1
    return failed + sum(i * a.amount + len(a.log) for i, a in enumerate(accounts))


def words(count):
    seen = {}
    for n in numbers(count, 99):
        word = ''.join(chr(97 + (n >> s) % 26) for s in (0, 5, 10))
        seen.setdefault(word[:2], []).append(word.upper()[::-1])
    ordered = sorted(seen.items(), key=lambda item: (-len(item[1]), item[0]))
    return sum(len(' '.join(v).replace('A', 'xyz')) * i for i, (_, v) in enumerate(ordered))


def digits(count):
    a, b = 0, 1
    for _ in range(count):
        a, b = b, a + b
    return int(str(a)[-9:]) + len(str(a)) + pow(3, count, 10**40 + 121)


n = int(sys.argv[1])
print((bank(n) * 31 + words(n) * 17 + digits(n // 4)) % 1000000007)
