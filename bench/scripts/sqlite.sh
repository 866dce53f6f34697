# sqlite.sh COUNT - a database in memory: insert COUNT rows, index, join, group, change, remove
. scripts/common.sh
cat > "$tmp/sql" << END
create table item(id integer primary key, name text, price integer, kind integer);
create table sale(id integer primary key, item integer, amount integer, day integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < $1 / 10)
    insert into item select i, 'item ' || (i * 7919 % 10007), i * 37 % 1000, i % 13 from n;
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)
    insert into sale select i, 1 + i * 7919 % ($1 / 10), i % 9, i * 31 % 365 from n;
create index by_item on sale(item);
create index by_name on item(name);
commit;
select kind, count(*), sum(amount * price), max(day) from sale join item on sale.item = item.id
    group by kind order by kind;
update sale set amount = amount + 1 where item in (select id from item where name like 'item 1%');
delete from sale where day between 100 and 150;
select day / 30, sum(amount), group_concat(distinct amount) from sale group by 1 order by 1;
select name, price from item where name > 'item 5' order by name desc, price limit 50;
select hex(substr(name, 6)), length(name), upper(name) from item order by price, id limit 200;
END
sqlite3 -batch -init /dev/null :memory: < "$tmp/sql" > "$tmp/out"
sum "$tmp/out"
