"""Speak to one partner each: the SDK, the runtime, and a folder for every partner."""
