"""Decode and prefill of llama-cpp-python on the same model and threads, and the ratios ours / theirs.

Usage: peer_llama_cpp.py MODEL THREADS OURS.json
"""

import json
import statistics
import sys
import time

from llama_cpp import Llama

PROMPT_TOKENS, DECODE_TOKENS, RUNS = 512, 128, 5


def measure(model, threads):
    llama = Llama(model_path=model, n_ctx=2048, n_batch=512, n_threads=threads, n_threads_batch=threads, verbose=False)
    prompt = [1000 + i % 40000 for i in range(PROMPT_TOKENS)]
    prefill, decode = [], []
    for _ in range(RUNS + 1):
        llama.reset()
        begun = time.perf_counter()
        llama.eval(prompt)
        prefill.append(PROMPT_TOKENS / (time.perf_counter() - begun))
        begun = time.perf_counter()
        for i in range(DECODE_TOKENS):
            llama.eval([2000 + i])
        decode.append(DECODE_TOKENS / (time.perf_counter() - begun))
    # The first run warms up.
    return statistics.median(prefill[1:]), statistics.median(decode[1:])


def main():
    model, threads, ours_file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with open(ours_file, encoding="utf-8") as file:
        ours = json.load(file)
    prefill, decode = measure(model, threads)
    print(f"llama.cpp         decode {decode:8.1f} tok/s   prefill {prefill:8.1f} tok/s")
    print(f"ratio ours/theirs decode {ours['decode_tokens_per_s'] / decode:8.2f}         prefill {ours['prefill_tokens_per_s'] / prefill:8.2f}")


main()
