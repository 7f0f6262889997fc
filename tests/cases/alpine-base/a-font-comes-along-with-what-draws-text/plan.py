import subprocess

subprocess.run(["dot", "-Tpng", "plan.dot"])
