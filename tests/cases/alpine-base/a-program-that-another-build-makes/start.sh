#!/bin/sh
exec sorter
