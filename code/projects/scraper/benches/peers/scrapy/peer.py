"""scrapy as a peer: crawls what it's told, and extracts title, price and tags of each product."""

import sys

import scrapy
from scrapy.crawler import CrawlerProcess


class Shop(scrapy.Spider):
    name = "shop"

    async def start(self):
        for url in self.start_urls:
            yield scrapy.Request(url)  # once, also if a page links to it

    def parse(self, response):
        yield {
            "url": response.url,
            "title": response.css("h1::text").get(),
            "price": float(response.css(".price::text").re_first("([0-9.]+)")),
            "tags": response.css(".tag::text").getall(),
        }
        yield from response.follow_all(css="a[href]")


print("ready", flush=True)
url = sys.stdin.readline().strip()
process = CrawlerProcess(
    {
        "USER_AGENT": "bookbot",
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "DOWNLOAD_DELAY": 0,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "ERROR",
    }
)
crawler = process.create_crawler(Shop)
process.crawl(crawler, start_urls=[url])
process.start()
print("items", crawler.stats.get_value("item_scraped_count"), flush=True)
print("ok", flush=True)
sys.stdin.readline()  # alive until its driver has read what it cost
