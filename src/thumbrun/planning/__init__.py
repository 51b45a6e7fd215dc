"""Turns a listing into a frozen plan that every task of a run agrees on."""
