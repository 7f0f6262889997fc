import tomli

print(tomli.loads("a = 1"))
