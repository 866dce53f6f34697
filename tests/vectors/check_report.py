#!/usr/bin/env python3
"""check_report.py - every decode row has vectors, and report.txt says so."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.exit(subprocess.run([sys.executable, '-B', ROOT / 'tools/vectors/record.py', '--check'],
                        check=False).returncode)
