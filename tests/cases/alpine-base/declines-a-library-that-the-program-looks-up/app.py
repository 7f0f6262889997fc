import ctypes.util

SEAL = ctypes.util.find_library("sodium")
