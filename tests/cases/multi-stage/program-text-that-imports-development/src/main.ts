import express from "express";
import { JSDOM } from "jsdom";
