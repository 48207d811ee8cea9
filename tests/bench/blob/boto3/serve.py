"""boto3 as its users use it. The first line of standard input tells where the store is, each further one is an order, in
JSON; each is answered by a line of JSON, an order by the seconds that it took."""

import io
import json
import os
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

MEBIBYTE = os.urandom(1 << 20)


def keys(order):
    return [f"{order['prefix']}{number}" for number in range(order["count"])]


def presign(client, bucket, order):
    def run():
        for key in order["keys"]:
            client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, 3600)

    return run


def upload(client, bucket, order):
    content = MEBIBYTE * order["mib"]

    def put(key):
        client.put_object(Bucket=bucket, Key=key, Body=content)

    def stream(key):
        client.upload_fileobj(io.BytesIO(content), bucket, key)

    return at_once(stream if order["managed"] else put, order)


def download(client, bucket, order):
    def get(key):
        client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def stream(key):
        with open(os.devnull, "wb") as sink:
            client.download_fileobj(bucket, key, sink)

    return at_once(stream if order["managed"] else get, order)


def at_once(transfer, order):
    def run():
        with ThreadPoolExecutor(order["at_once"]) as pool:
            list(pool.map(transfer, keys(order)))

    return run


def delete(client, bucket, order):
    def run():
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=order["prefix"])
        for page in pages:
            objects = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            if objects:
                client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})

    return run


def seconds(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def tell(**answer):
    print(json.dumps(answer), flush=True)


ORDERS = {"presign": presign, "upload": upload, "download": download, "delete": delete}

store = json.loads(sys.stdin.readline())
# Without the name of the version boto3 would sign URLs as Amazon did before 2014.
client = boto3.client(
    "s3",
    endpoint_url=store["endpoint"],
    aws_access_key_id=store["access_key"],
    aws_secret_access_key=store["secret_key"],
    region_name="us-east-1",
    config=Config(signature_version="s3v4"),
)
tell(version=f"boto3 {boto3.__version__} on Python {platform.python_version()}")
for line in sys.stdin:
    order = json.loads(line)
    tell(seconds=seconds(ORDERS[order["do"]](client, store["bucket"], order)))
