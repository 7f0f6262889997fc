import subprocess
subprocess.run(["go", "run", "answer.go"])
