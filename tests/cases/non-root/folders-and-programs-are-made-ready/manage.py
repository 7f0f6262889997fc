#!/usr/bin/env python
print("ready")
