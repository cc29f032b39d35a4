-- alerts_sync makes the open alerts of a webhook those given, and puts what that changes into its outbox.
--
-- KEYS  1 webhook:<name>:open  2 webhook:<name>:outbox
-- ARGV  1 schema  2 ms after which an alert that lasts is told again ('0': never)  3 how many events the outbox may hold
--       4... of each alert its id and text
--
-- newer
-- full  the outbox has no room: what is left out comes with a later call
local no = newer(KEYS[1], ARGV[1])
if no then return no end
local at, again, room = now(), tonumber(ARGV[2]), tonumber(ARGV[3]) - redis.call('LLEN', KEYS[2])

local answer = 'ok'
-- An event is a line with what happened, when, and the alert's id, then the alert's text; its first line names it.
local function tell(what, id, alert)
  if room <= 0 then
    answer = 'full'
    return false
  end
  room = room - 1
  redis.call('RPUSH', KEYS[2], what .. ' ' .. text(at) .. ' ' .. id .. '\n' .. alert)
  return true
end

local lasts = {}
for i = 4, #ARGV, 2 do
  local id, alert = ARGV[i], ARGV[i + 1]
  lasts[id] = true
  local has = redis.call('HGET', KEYS[1], id)
  local told = has and tonumber(string.match(has, '^%d+'))
  if not told or again > 0 and at - told >= again then
    if tell('open', id, alert) then redis.call('HSET', KEYS[1], id, text(at) .. ' ' .. alert) end
  end
end
local open = redis.call('HGETALL', KEYS[1])
for i = 1, #open, 2 do
  local id = open[i]
  if id ~= 'schema' and not lasts[id] then
    if tell('over', id, string.match(open[i + 1], '^%d+ (.*)$')) then redis.call('HDEL', KEYS[1], id) end
  end
end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'schema', ARGV[1]) end
return {answer}
