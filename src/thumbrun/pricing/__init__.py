"""Predicts what a run takes and costs: prices as data, and one model of time, requests and dollars. Pure."""
