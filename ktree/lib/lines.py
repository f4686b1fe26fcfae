#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints "FILE LINE ADDRESS" for each statement in the line tables of an ELF file.

usage: lines.py ELF LIST     LIST: the source files that matter, one a line, from
                             the root of the tree that the ELF file was built from
"""
import os
import sys

from elftools.elf.elffile import ELFFile


def path_of(program, index, first_name):
    """The file with that index, as the line table names it, without "../" in front."""
    header = program.header
    old = header["version"] < 5
    entry = header["file_entry"][index - 1 if old else index]
    directory = b""
    if not old or entry.dir_index:
        directory = header["include_directory"][entry.dir_index - 1 if old else entry.dir_index]
    name = os.path.normpath(os.path.join(directory, entry.name)).decode()
    return first_name if os.path.basename(first_name) == name else name


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="ascii") as file:
        wanted = set(file.read().split())
    with open(sys.argv[1], "rb") as file:
        dwarf = ELFFile(file).get_dwarf_info()
        for unit in dwarf.iter_CUs():
            program = dwarf.line_program_for_CU(unit)
            if not program:
                continue
            root = unit.get_top_DIE().attributes["DW_AT_name"].value.decode()
            for entry in program.get_entries():
                state = entry.state
                if not state or state.end_sequence:
                    continue
                path = path_of(program, state.file, root)
                while path.startswith("../"):
                    path = path[3:]
                if path in wanted:
                    print(path, state.line, f"{state.address:#x}")


main()
