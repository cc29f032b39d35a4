-- work_find finds what a worker could take: work whose lease has ended, oldest end first, then approved requests, in
-- the order of their approval; those whose change window has yet to open are left alone. It changes nothing.
--
-- KEYS  1 leases  2 ready
-- ARGV  1 how many of the first kind  2 how many of the second
--
-- Answers with Redis's time in ms, then the ids.
local at = text(now())
local found = {at}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', at, 'LIMIT', 0, ARGV[1])) do
  found[#found + 1] = id
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', at, 'LIMIT', 0, ARGV[2])) do
  found[#found + 1] = id
end
return found
