# words.pl SIZE - patterns, hashes, sorting and formatting on so many bytes of text
use strict;
use warnings;

open my $in, '<', 'data/text' or die "data/text: $!\n";
read $in, my $text, $ARGV[0];
my (%count, %pairs, $last);
while ($text =~ /\b([a-z]+)\b/g) {
    $count{$1}++;
    $pairs{"$last $1"}++ if defined $last && length($last) > 4;
    $last = $1;
}
my @top = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count)[0 .. 200];
my $report = join '', map { sprintf "%-12s %6d %s\n", $_, $count{$_}, scalar reverse $_ } @top;
(my $changed = $text) =~ s/(\w+)([aeiou])(\w)\b/\u$1$3$2/g;
my @numbers = map { $_ * 3 + 1 } grep { $_ % 2 } $changed =~ /(\d+)/g;
my $sum = 0;
$sum = ($sum * 31 + ord) % 1000003 for split //, $report . substr $changed, 0, 20000;
$sum = ($sum + $_) % 1000003 for @numbers, scalar keys %pairs;
print "$sum\n";
