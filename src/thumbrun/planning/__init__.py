"""From a listing to a frozen plan that every task of a run agrees on."""
