import test from "typescript";
