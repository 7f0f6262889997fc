import subprocess

subprocess.run(["apk", "add", "curl"], check=True)
